/** The name of an object. Its id follows from it. */
import { Damaged } from "../checksum.ts";

/**
 * The name by which the object was made; "": nobody says. An alarm wakes it by what the platform wrote
 * down: by the name of another object it would take that one's shards for its own. Throws `Damaged` then;
 * whoever calls names it rightly.
 */
export function ownName(
  { id }: Pick<DurableObjectState, "id">,
  namespace: Pick<DurableObjectNamespace, "idFromName">,
): string {
  const { name } = id;
  if (name !== undefined && !namespace.idFromName(name).equals(id))
    throw new Damaged("the name of an object");
  return name ?? "";
}
