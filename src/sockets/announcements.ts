/** Announcements as live sockets tell them. */
import type { Announcement } from "../protocol.ts";

interface Announced {
  announcements?: readonly Announcement[];
}

/** What was announced between two configurations. */
export function newAnnouncements(before: Announced | undefined, after: Announced): Announcement[] {
  const known = new Set(before?.announcements?.map(({ id }) => id));
  return (after.announcements ?? []).filter(({ id }) => !known.has(id));
}

export const announcementFrame = ({ at, ...rest }: Announcement): object => ({
  announcement: { ...rest, at: new Date(at).toISOString() },
});
