import { setTimeout as sleep } from 'node:timers/promises';

// What the job works through.
export const items = [1, 2, 3, 4, 5];

// Deals with one item. It stands for a file to convert, or a row to move.
export async function work(_item) {
  await sleep(200);
}
