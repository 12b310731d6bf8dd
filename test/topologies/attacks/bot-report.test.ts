import { expect, test } from 'vitest';
import { type BotReport, readBotReport } from '../../../topologies/attacks/bot-report.ts';

const report: BotReport = { addresses: ['10.1.0.100', '10.2.0.200'], opened: 300, completed: 12 };

test('a bot’s last words', () => {
  expect(readBotReport(`${JSON.stringify(report)}\n`)).toEqual(report);
});

test('one that was stopped has said nothing; anything else is nobody’s report', () => {
  expect(readBotReport('')).toBeUndefined();
  expect(() => readBotReport('{"opened": 1}')).toThrow();
});
