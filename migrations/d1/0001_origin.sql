-- The origin database: the archive of every hunt's facts, and the rows derived
-- from them. Everything is written by the queue consumer, each message in one
-- transaction, and may be written again in any order.

-- The archive: consecutive facts of one shard as JSON. Messages sent again may
-- be cut elsewhere, so ranges can overlap; the view `fact` shows each fact once.
CREATE TABLE segment (
  hunt TEXT NOT NULL,
  shard TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (hunt, shard, first)
) WITHOUT ROWID;

CREATE VIEW fact AS
SELECT hunt, shard, seq, min(body) AS body
FROM (
  SELECT segment.hunt, segment.shard, each.value ->> 'seq' AS seq, each.value AS body
  FROM segment, json_each(segment.facts) AS each
)
GROUP BY hunt, shard, seq;

CREATE TABLE team (
  hunt TEXT NOT NULL,
  id TEXT NOT NULL,
  shard TEXT NOT NULL,
  name TEXT NOT NULL,
  bracket TEXT,
  joined_at INTEGER NOT NULL, -- epoch ms, as all times here
  PRIMARY KEY (hunt, id)
) WITHOUT ROWID;

CREATE TABLE player (
  hunt TEXT NOT NULL,
  id TEXT NOT NULL,
  shard TEXT NOT NULL,
  team TEXT NOT NULL,
  name TEXT NOT NULL,
  external_id TEXT,
  joined_at INTEGER NOT NULL,
  PRIMARY KEY (hunt, id)
) WITHOUT ROWID;

CREATE TABLE solve (
  hunt TEXT NOT NULL,
  team TEXT NOT NULL,
  clue TEXT NOT NULL,
  shard TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  points INTEGER NOT NULL,
  player TEXT NOT NULL,
  PRIMARY KEY (hunt, team, clue)
) WITHOUT ROWID;

-- The score each team was last told; `seq` keeps an older message from winning.
CREATE TABLE score (
  hunt TEXT NOT NULL,
  team TEXT NOT NULL,
  shard TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  score INTEGER NOT NULL,
  PRIMARY KEY (hunt, team)
) WITHOUT ROWID;

-- The latest organiser's mark of each kind on a team: banned, hidden.
CREATE TABLE mark (
  hunt TEXT NOT NULL,
  team TEXT NOT NULL,
  kind TEXT NOT NULL, -- 'banned' | 'hidden'
  shard TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (hunt, team, kind)
) WITHOUT ROWID;
