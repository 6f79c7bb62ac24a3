/** Announcements as live sockets tell them. */
import type { Announcement } from "../protocol.ts";

interface Announced {
  announcements?: readonly Announcement[];
  /** Ids of those that were taken back last. */
  takenBack?: readonly string[];
}

/** What was announced or edited between two configurations. */
export function newAnnouncements(before: Announced | undefined, after: Announced): Announcement[] {
  const known = new Map(before?.announcements?.map(({ id, edited }) => [id, edited]));
  return (after.announcements ?? []).filter(({ id, edited }) => !known.has(id) || known.get(id) !== edited);
}

/** Ids of those that were taken back between two configurations. */
export function newlyTakenBack(before: Announced | undefined, after: Announced): string[] {
  const known = new Set(before?.takenBack);
  return (after.takenBack ?? []).filter((id) => !known.has(id));
}

/** As everybody is told it: not to whom else it goes. */
export const toldOf = ({ at, edited, to: _, ...rest }: Announcement) => ({
  ...rest,
  at: new Date(at).toISOString(),
  ...(edited === undefined ? {} : { edited: new Date(edited).toISOString() }),
});

export const announcementFrame = (announcement: Announcement): object => ({
  announcement: toldOf(announcement),
});

export const takenBackFrame = (id: string): object => ({ announcement: { id, removed: true } });
