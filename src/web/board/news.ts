/** The organisers' last announcement, for as long as it is news. Kept in the tab, so that it outlives a reload. */
import { signal } from "@preact/signals";
import { tab } from "../shared/device.ts";
import { hasTexts, objectIn } from "../shared/outside.ts";

/** How long an announcement stays on the board, ms. */
const SHOWN_FOR = 10 * 60_000;

export interface News {
  id: string;
  at: string;
  text: string;
}

export const news = signal<News | undefined>(undefined);

let key = "";

/** Reads what this tab kept of the hunt's news. */
export function recallNews(hunt: string): void {
  key = `news/${hunt}`;
  const told: unknown = objectIn(tab.recall(key));
  if (isNews(told)) news.value = told;
}

/** A new one, another text of one, or that one was taken back. */
export function hearNews(told: unknown): void {
  if (hasTexts(told, "id") && "removed" in told) {
    if (news.value?.id !== told.id) return;
    news.value = undefined;
    tab.remember(key, "");
    return;
  }
  if (!isNews(told)) return;
  // An older one that is edited does not come back.
  if ("edited" in told && news.value?.id !== told.id) return;
  const { id, at, text } = told;
  news.value = { id, at, text };
  tab.remember(key, JSON.stringify(news.value));
}

/** The news at `now`, epoch ms. */
export const newsAt = (now: number): News | undefined => {
  const told = news.value;
  return told && now - Date.parse(told.at) < SHOWN_FOR ? told : undefined;
};

const isNews = (told: unknown): told is News => hasTexts(told, "id", "at", "text");
