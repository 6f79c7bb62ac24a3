-- D1 bills rows written, and solves and scores were nearly all of them: one to
-- two for each solve. They now travel in the row of their segment, and views
-- show them as the tables did.

ALTER TABLE segment ADD COLUMN solves TEXT NOT NULL DEFAULT '[]'; -- JSON list: each solve among the facts
ALTER TABLE segment ADD COLUMN scores TEXT NOT NULL DEFAULT '[]'; -- JSON list: the last score of each team

UPDATE segment SET
  solves = (
    SELECT json_group_array(json_object(
      'team', value ->> 'team', 'clue', value ->> 'clue', 'seq', value ->> 'seq',
      'at', value ->> 'at', 'points', value ->> 'points', 'player', value ->> 'player'))
    FROM json_each(segment.facts)
    WHERE value ->> 'outcome' = 'correct'
  ),
  scores = (
    SELECT json_group_array(json_object(
      'team', value ->> 'team', 'seq', value ->> 'seq', 'at', value ->> 'at', 'score', value ->> 'score'))
    FROM json_each(segment.facts)
    WHERE value ->> 'score' IS NOT NULL
  );

DROP TABLE solve;
DROP TABLE score;

-- Segments may overlap: a team solves a clue once, and its latest score counts.
-- Beside min() and max(), SQLite gives the other columns of the same row.
CREATE VIEW solve AS
SELECT segment.hunt, segment.shard, each.value ->> 'team' AS team, each.value ->> 'clue' AS clue,
  min(each.value ->> 'seq') AS seq, each.value ->> 'at' AS at, each.value ->> 'points' AS points,
  each.value ->> 'player' AS player
FROM segment, json_each(segment.solves) AS each
GROUP BY segment.hunt, segment.shard, each.value ->> 'team', each.value ->> 'clue';

CREATE VIEW score AS
SELECT segment.hunt, segment.shard, each.value ->> 'team' AS team,
  max(each.value ->> 'seq') AS seq, each.value ->> 'at' AS at, each.value ->> 'score' AS score
FROM segment, json_each(segment.scores) AS each
GROUP BY segment.hunt, segment.shard, each.value ->> 'team';
