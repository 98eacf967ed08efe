const slots = [0, 1, 2, 3]

/**
 * Has an outbox keep what is published, as a retention would, or no longer: no partition can be truncated. An adoption must
 * not send it again.
 */
export function keepPublished(keep: boolean): string {
  if (!keep) return 'DROP FUNCTION keep() CASCADE'
  const triggers = slots.map(
    (slot) =>
      `CREATE TRIGGER keep BEFORE TRUNCATE ON pigeonhole.outbox_message_${slot} EXECUTE FUNCTION keep();`,
  )
  return `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'What is published is kept'; END$$; ${triggers.join('')}`
}
