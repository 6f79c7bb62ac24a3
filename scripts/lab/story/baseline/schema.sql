CREATE TABLE hunt (
  id text PRIMARY KEY,
  title text NOT NULL,
  phase text NOT NULL
);
CREATE TABLE clue (
  hunt text NOT NULL REFERENCES hunt,
  id text NOT NULL,
  title text NOT NULL,
  body text NOT NULL,
  points integer NOT NULL,
  PRIMARY KEY (hunt, id)
);
CREATE TABLE accepted_answer (
  hunt text NOT NULL,
  clue text NOT NULL,
  answer text NOT NULL,
  PRIMARY KEY (hunt, clue, answer),
  FOREIGN KEY (hunt, clue) REFERENCES clue
);
CREATE TABLE team (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  hunt text NOT NULL REFERENCES hunt,
  name text NOT NULL,
  score integer NOT NULL DEFAULT 0,
  last_solve_at timestamptz
);
CREATE INDEX team_standing ON team (hunt, score DESC, last_solve_at, id);
CREATE TABLE player (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  team bigint NOT NULL REFERENCES team,
  name text NOT NULL,
  token text NOT NULL UNIQUE
);
CREATE TABLE submission (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  team bigint NOT NULL REFERENCES team,
  event text NOT NULL,
  player bigint NOT NULL REFERENCES player,
  clue text NOT NULL,
  answer text NOT NULL,
  correct boolean NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (team, event)
);
CREATE INDEX submission_attempts ON submission (team, clue, at);
CREATE TABLE solve (
  team bigint NOT NULL REFERENCES team,
  clue text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (team, clue)
);
