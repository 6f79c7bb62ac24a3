-- Units of prizes won. A win taken back has a mark of the kind
-- 'revoked <prize> <unit>' on its team. Codes are not kept here.

CREATE TABLE win (
  hunt TEXT NOT NULL,
  shard TEXT NOT NULL,
  team TEXT NOT NULL,
  prize TEXT NOT NULL,
  unit INTEGER NOT NULL, -- from 0
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  player TEXT NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (hunt, shard, team, prize, unit)
) STRICT, WITHOUT ROWID;
