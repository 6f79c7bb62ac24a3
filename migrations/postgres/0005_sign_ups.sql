-- Which registrations came by the sign-up feed of a hunt, and what the company has
-- of what the hunt asks who joins.

CREATE TABLE sign_up (
  hunt text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  fields text NOT NULL, -- JSON: a list of {id, value}
  told_at bigint NOT NULL, -- epoch ms; an older word replaces no newer one
  PRIMARY KEY (hunt, external_id)
);

-- Who is forgotten is forgotten in the sign-ups of every hunt.
CREATE INDEX sign_up_of ON sign_up (external_id);
