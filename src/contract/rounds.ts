/** The rounds of a hunt, as the hunt and `/me` name them. */
import { z } from "zod";
import { slug, told } from "./basics.ts";

const round = z.strictObject({
  id: slug.meta({ description: "The round", examples: ["night-one"] }),
  title: told("Its title", "Night one"),
  body: told("Its story, Markdown", "Fog lay on the quay.").exactOptional(),
  image: told(
    "Where its picture is",
    "/v1/hunts/harbour-nights/assets/quay.jpg?t=Vk1c.2g.q3Zk",
  ).exactOptional(),
});

/** `description`: which rounds. */
export const roundsTold = (description: string) =>
  z.array(round).meta({ description, examples: [[{ id: "night-one", title: "Night one" }]] });
