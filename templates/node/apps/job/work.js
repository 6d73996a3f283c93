import { setTimeout as sleep } from 'node:timers/promises';

// The items of the job.
export const items = [1, 2, 3, 4, 5];

// Processes one item, such as a file to convert or a row to move.
export async function work(_item) {
  await sleep(200);
}
