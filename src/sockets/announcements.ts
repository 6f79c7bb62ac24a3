/** Announcements as everybody with a live socket is sent them: players and spectators. */
import type { Announcement } from "../protocol.ts";

interface Announced {
  announcements?: readonly Announcement[];
}

/** The announcements of `after` that `before` does not have. */
export function newAnnouncements(before: Announced | undefined, after: Announced): Announcement[] {
  const earlier = new Set(before?.announcements?.map(({ id }) => id));
  return (after.announcements ?? []).filter(({ id }) => !earlier.has(id));
}

export const announcementFrame = ({ at, ...rest }: Announcement): object => ({
  announcement: { ...rest, at: new Date(at).toISOString() },
});
