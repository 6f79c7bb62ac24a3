-- Solves are corrected: one may count from another time, or be taken back. Of a
-- team and clue the latest fact counts; where that takes it back, there is none.

DROP VIEW solve;

-- Beside max(), SQLite gives the other columns of the same row.
CREATE VIEW solve AS
SELECT hunt, shard, team, clue, seq, at, points, player
FROM (
  SELECT segment.hunt, segment.shard, each.value ->> 'team' AS team, each.value ->> 'clue' AS clue,
    max(each.value ->> 'seq') AS seq, each.value ->> 'at' AS at, each.value ->> 'points' AS points,
    each.value ->> 'player' AS player, each.value ->> 'withdrawn' AS withdrawn
  FROM segment, json_each(segment.solves) AS each
  GROUP BY segment.hunt, segment.shard, each.value ->> 'team', each.value ->> 'clue'
)
WHERE withdrawn IS NULL;
