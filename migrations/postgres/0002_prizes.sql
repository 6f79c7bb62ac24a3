-- Units of prizes won. A win taken back has a mark of the kind
-- 'revoked <prize> <unit>' on its team. Codes are not kept here.

CREATE TABLE win (
  hunt text COLLATE "C" NOT NULL,
  shard text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  prize text COLLATE "C" NOT NULL,
  unit bigint NOT NULL, -- from 0
  seq bigint NOT NULL,
  at bigint NOT NULL,
  player text NOT NULL,
  event text NOT NULL,
  PRIMARY KEY (hunt, shard, team, prize, unit)
);
