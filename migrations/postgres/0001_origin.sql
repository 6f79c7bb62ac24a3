-- The origin database: registered players, the archive of every hunt's facts,
-- and the rows derived from them. Everything but registrations is written by
-- the queue consumer, each message in one transaction, and may be written again
-- in any order. The same tables as migrations/d1.
--
-- Keys compare by code point, as SQLite's do, whatever the database's locale.

CREATE TABLE registration (
  external_id text COLLATE "C" PRIMARY KEY, -- the company's own id of the player
  name text,
  locale text,
  bracket text,
  blocked boolean NOT NULL DEFAULT false, -- may not take part
  told_at bigint NOT NULL DEFAULT 0 -- epoch ms; an older word replaces no newer one
);

-- The archive: consecutive facts of one shard as JSON. Messages sent again may
-- be cut elsewhere, so ranges can overlap; the view `fact` shows each fact once.
CREATE TABLE segment (
  hunt text COLLATE "C" NOT NULL,
  shard text COLLATE "C" NOT NULL,
  first bigint NOT NULL,
  last bigint NOT NULL,
  facts text NOT NULL,
  PRIMARY KEY (hunt, shard, first)
);

CREATE VIEW fact AS
SELECT DISTINCT ON (segment.hunt, segment.shard, cast(each.value ->> 'seq' AS bigint))
  segment.hunt, segment.shard, cast(each.value ->> 'seq' AS bigint) AS seq, each.value AS body
FROM segment, json_array_elements(cast(segment.facts AS json)) AS each(value)
ORDER BY segment.hunt, segment.shard, cast(each.value ->> 'seq' AS bigint), segment.first;

CREATE TABLE team (
  hunt text COLLATE "C" NOT NULL,
  shard text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  bracket text,
  joined_at bigint NOT NULL, -- epoch ms, as all times here
  PRIMARY KEY (hunt, shard, id)
);

CREATE TABLE player (
  hunt text COLLATE "C" NOT NULL,
  shard text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  external_id text,
  provisional boolean NOT NULL DEFAULT false, -- joined without the origin's word
  joined_at bigint NOT NULL,
  PRIMARY KEY (hunt, shard, team, id)
);

CREATE TABLE solve (
  hunt text COLLATE "C" NOT NULL,
  shard text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  clue text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  at bigint NOT NULL,
  points bigint NOT NULL,
  player text NOT NULL,
  PRIMARY KEY (hunt, shard, team, clue)
);

-- The score each team was last told; `seq` keeps an older message from winning.
CREATE TABLE score (
  hunt text COLLATE "C" NOT NULL,
  shard text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  at bigint NOT NULL,
  score bigint NOT NULL,
  PRIMARY KEY (hunt, shard, team)
);

-- The latest organiser's mark of each kind on a team: banned, hidden.
CREATE TABLE mark (
  hunt text COLLATE "C" NOT NULL,
  shard text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL, -- 'banned' | 'hidden'
  seq bigint NOT NULL,
  at bigint NOT NULL,
  value boolean NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (hunt, shard, team, kind)
);
