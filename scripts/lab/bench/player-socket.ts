/** Sockets of the bench hunt's players. */
import type { Ticket } from "../../../src/contract/live.ts";
import type { BenchHunt } from "./hunt.ts";
import { FrameSocket } from "./socket.ts";

/** One socket each of the first `count` teams. */
export async function openPlayerSockets(
  hunt: BenchHunt,
  origin: string,
  count: number,
): Promise<FrameSocket[]> {
  const sockets: FrameSocket[] = [];
  for (let team = 0; team < count; team += 1) {
    const response = await fetch(new URL(`/v1/hunts/${hunt.id}/tickets`, origin), {
      method: "POST",
      headers: { authorization: `Bearer ${hunt.token(team)}` },
    });
    if (!response.ok) throw new Error(`a ticket: ${response.status} ${await response.text()}`);
    const { ticket } = (await response.json()) as Ticket;
    const url = new URL(`/v1/hunts/${hunt.id}/live`, origin.replace("http", "ws"));
    url.searchParams.set("ticket", ticket);
    // Pushes of progress and phase come between.
    sockets.push(await FrameSocket.open(url, (frame) => /^\{"(results|error)"/.test(frame)));
  }
  return sockets;
}
