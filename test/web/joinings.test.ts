/** The table of joinings that the console gives. */
import { expect, test } from "vitest";
import { Joinings } from "../../src/web/organiser/joinings.ts";

const line = (more: object): string =>
  JSON.stringify({
    shard: "weur-0",
    seq: 1,
    at: "2026-01-01T00:00:00.000Z",
    team: "t",
    type: "join",
    player: "p",
    ...more,
  });

test("[JOIN-13] a column a field, two a consent; commas, quotes and formulas do no harm", () => {
  const joinings = new Joinings();
  joinings.take(
    line({
      source: "poster-7",
      created: { name: "Owls" },
      person: {
        player: "p",
        name: 'Ada, "the" =first',
        externalId: "=HYPERLINK(1)",
        fields: [
          { id: "mail", value: "ada@example.org" },
          { id: "tel", value: "+41 79 555" },
          { id: "news", value: true },
        ],
        consents: [{ id: "terms", text: "hash", at: 0 }],
        salt: "s",
      },
    }),
  );
  joinings.take(
    line({
      player: "q",
      check: "unchecked",
      country: "unknown",
      person: { player: "q", name: "-2+3+cmd|x", salt: "s" },
    }),
  );
  joinings.take(JSON.stringify({ type: "answer", answer: '"type":"join"' }));
  joinings.take(line({ player: "r" }));
  expect(joinings.csv().split("\r\n")).toEqual([
    "\ufeffjoinedAt,player,name,externalId,team,teamName,bracket,locale,source,country,check,oldEnough,field mail,field tel,field news,consent terms,text of terms",
    `2026-01-01T00:00:00.000Z,p,"Ada, ""the"" =first",'=HYPERLINK(1),t,Owls,,,poster-7,,,,ada@example.org,+41 79 555,true,1970-01-01T00:00:00.000Z,hash`,
    "2026-01-01T00:00:00.000Z,q,'-2+3+cmd|x,,t,Owls,,,,unknown,unchecked,,,,,,",
    "2026-01-01T00:00:00.000Z,r,,,t,Owls,,,,,,,,,,,",
    "",
  ]);
});

test("[TE-26] who was moved has one line, with the team that it was moved to last, in whatever order that is read", () => {
  const joinings = new Joinings();
  const arrival = (team: string, gen: number) =>
    line({
      type: "arrive",
      team,
      move: `M${gen}`,
      from: "t",
      gen,
      person: { player: "p", name: "Ada", salt: "s" },
    });
  joinings.take(arrival("w", 2));
  joinings.take(line({ created: { name: "Owls" }, person: { player: "p", name: "Ada", salt: "s" } }));
  joinings.take(line({ type: "make", team: "w", event: "made/1", name: "Second Boat", joinCode: "C" }));
  joinings.take(arrival("u", 1));
  expect(joinings.csv().split("\r\n").slice(1)).toEqual([
    "2026-01-01T00:00:00.000Z,p,Ada,,w,Second Boat,,,,,,",
    "",
  ]);
});
