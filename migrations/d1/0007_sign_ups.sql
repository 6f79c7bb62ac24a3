-- Which registrations came by the sign-up feed of a hunt, and what the company has
-- of what the hunt asks who joins.

CREATE TABLE sign_up (
  hunt TEXT NOT NULL,
  external_id TEXT NOT NULL,
  fields TEXT NOT NULL, -- JSON: a list of {id, value}
  told_at INTEGER NOT NULL, -- epoch ms; an older word replaces no newer one
  PRIMARY KEY (hunt, external_id)
) STRICT, WITHOUT ROWID;

-- Who is forgotten is forgotten in the sign-ups of every hunt.
CREATE INDEX sign_up_of ON sign_up (external_id);
