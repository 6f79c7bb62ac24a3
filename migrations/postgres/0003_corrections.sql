-- Solves are corrected: one may count from another time, or be taken back. Of a
-- team and clue the latest fact counts. A solve that was taken back keeps its
-- row, so that an older message which comes again does not bring it back.

ALTER TABLE solve RENAME TO solve_row;
ALTER TABLE solve_row ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;

CREATE VIEW solve AS
SELECT hunt, shard, team, clue, seq, at, points, player FROM solve_row WHERE NOT withdrawn;
