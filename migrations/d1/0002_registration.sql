-- Registered players; a mark on players who joined while the origin could not
-- be asked; and keys that begin with (hunt, shard), so that a shard's sums and
-- a page of its teams read that shard's rows only. Nothing else may hold a
-- table's rows in a second order: each index is one more row written.
--
-- The tables are strict: a value of the wrong type is refused, as PostgreSQL does.

CREATE TABLE registration (
  external_id TEXT NOT NULL PRIMARY KEY, -- the company's own id of the player
  name TEXT,
  locale TEXT,
  bracket TEXT,
  blocked INTEGER NOT NULL DEFAULT 0, -- 1: may not take part
  told_at INTEGER NOT NULL DEFAULT 0 -- epoch ms; an older word replaces no newer one
) STRICT, WITHOUT ROWID;

ALTER TABLE team RENAME TO team_before;
CREATE TABLE team (
  hunt TEXT NOT NULL,
  shard TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  bracket TEXT,
  joined_at INTEGER NOT NULL, -- epoch ms, as all times here
  PRIMARY KEY (hunt, shard, id)
) STRICT, WITHOUT ROWID;
INSERT INTO team (hunt, shard, id, name, bracket, joined_at)
SELECT hunt, shard, id, name, bracket, joined_at FROM team_before;
DROP TABLE team_before;

ALTER TABLE player RENAME TO player_before;
CREATE TABLE player (
  hunt TEXT NOT NULL,
  shard TEXT NOT NULL,
  team TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  external_id TEXT,
  provisional INTEGER NOT NULL DEFAULT 0, -- 1: joined without the origin's word
  joined_at INTEGER NOT NULL,
  PRIMARY KEY (hunt, shard, team, id)
) STRICT, WITHOUT ROWID;
INSERT INTO player (hunt, shard, team, id, name, external_id, joined_at)
SELECT hunt, shard, team, id, name, external_id, joined_at FROM player_before;
DROP TABLE player_before;

ALTER TABLE solve RENAME TO solve_before;
CREATE TABLE solve (
  hunt TEXT NOT NULL,
  shard TEXT NOT NULL,
  team TEXT NOT NULL,
  clue TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  points INTEGER NOT NULL,
  player TEXT NOT NULL,
  PRIMARY KEY (hunt, shard, team, clue)
) STRICT, WITHOUT ROWID;
INSERT INTO solve (hunt, shard, team, clue, seq, at, points, player)
SELECT hunt, shard, team, clue, seq, at, points, player FROM solve_before;
DROP TABLE solve_before;

-- The score each team was last told; `seq` keeps an older message from winning.
ALTER TABLE score RENAME TO score_before;
CREATE TABLE score (
  hunt TEXT NOT NULL,
  shard TEXT NOT NULL,
  team TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  score INTEGER NOT NULL,
  PRIMARY KEY (hunt, shard, team)
) STRICT, WITHOUT ROWID;
INSERT INTO score (hunt, shard, team, seq, at, score)
SELECT hunt, shard, team, seq, at, score FROM score_before;
DROP TABLE score_before;

-- The latest organiser's mark of each kind on a team: banned, hidden.
ALTER TABLE mark RENAME TO mark_before;
CREATE TABLE mark (
  hunt TEXT NOT NULL,
  shard TEXT NOT NULL,
  team TEXT NOT NULL,
  kind TEXT NOT NULL, -- 'banned' | 'hidden'
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (hunt, shard, team, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO mark (hunt, shard, team, kind, seq, at, value, reason)
SELECT hunt, shard, team, kind, seq, at, value, reason FROM mark_before;
DROP TABLE mark_before;
