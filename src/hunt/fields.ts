/** The schemas of fields that stand in many places of a definition. */
import * as z from "zod";

/** Characters. Generous to authors; it keeps the size of a list of titles in sight. */
const TITLE_MAX = 200;

/** The id of anything an author names. */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "an id is 1 to 63 of a-z, 0-9 and inner hyphens")
  .meta({ id: "Slug", title: "Id" });

/** A file of the hunt, as the engine knows its name. */
export const assetSchema = z
  .string()
  .regex(/^asset:[a-z0-9][a-z0-9._-]{0,99}(?:\/[a-z0-9][a-z0-9._-]{0,99}){0,3}$/, "a file is asset:name.pdf")
  .meta({ id: "Asset", title: "File" });

/** A picture among them. */
export const pictureSchema = z
  .string()
  .regex(
    /^asset:(?:[a-z0-9][a-z0-9._-]{0,99}\/){0,3}[a-z0-9][a-z0-9._-]{0,94}\.(?:png|jpe?g|webp|avif|gif|svg)$/,
    "a picture is asset:name.png, .jpg, .webp, .avif, .gif or .svg",
  );

/** `#rrggbb`. */
export const colourSchema = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, 'a colour is "#" and six digits of 0-9 and a-f, in quotes: "#c8102e"');

/** A line of text that people read. */
export const titleSchema = z.string().trim().min(1).max(TITLE_MAX);
