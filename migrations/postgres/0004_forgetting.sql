-- Registrations that were taken back, because their players were forgotten: one
-- that was told before, and comes later, is passed over. Nothing personal: the
-- digest is keyed.
--
-- Forgotten players have marks of the kind 'forgotten <player>' on their teams,
-- and the names in their rows are '–'; a team that was named after one has the
-- mark 'nameless'.

CREATE TABLE unregistered (
  digest text COLLATE "C" PRIMARY KEY, -- of the external id
  at bigint NOT NULL -- epoch ms
);
