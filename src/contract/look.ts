/** How the pages of a hunt look. */
import { z } from "zod";
import { told } from "./basics.ts";
import { FONTS, type Font } from "./tints.ts";

const picture = (description: string, name: string) =>
  told(description, `/v1/hunts/harbour-nights/assets/${name}?t=Vk1c.2g.q3Zk`).exactOptional();

export const look = z
  .strictObject({
    logo: picture("Where its logo is", "logo.svg"),
    cover: picture("Where its cover is", "cover.jpg"),
    card: picture("Where the picture is that previews of links show", "card.jpg"),
    colour: told("Of buttons, links and marks, #rrggbb", "#c8102e").exactOptional(),
    background: told("Of its pages in light, #rrggbb", "#fff8f0").exactOptional(),
    font: z
      .enum(Object.keys(FONTS) as [Font, ...Font[]])
      .meta({ description: "Its type, the device's own", examples: ["serif"] })
      .exactOptional(),
  })
  .meta({
    description: "How its pages look; absent: as the pages do by themselves",
    examples: [{ logo: "/v1/hunts/harbour-nights/assets/logo.svg?t=Vk1c.2g.q3Zk", colour: "#c8102e" }],
  });
export type LookTold = z.infer<typeof look>;
