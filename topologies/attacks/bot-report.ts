/**
 * What a bot says when its time is over: one line of JSON on its standard output.
 */
import { z } from 'zod';

const botReport = z.object({
  /** Where its connections went: more than one where the guest's name came to mean another address. */
  addresses: z.array(z.string()),
  opened: z.number(),
  completed: z.number(),
});

export type BotReport = z.infer<typeof botReport>;

/** Undefined where a bot was stopped before it said anything. */
export function readBotReport(text: string): BotReport | undefined {
  return text.trim() === '' ? undefined : botReport.parse(JSON.parse(text));
}
