// What the test gives to a script, and what the script tells it: JSON, once each.
import { writeSync } from "node:fs";

export const given = JSON.parse(process.argv[2]);

export function tell(result) {
  writeSync(1, JSON.stringify(result));
  process.exit(0);
}

// Breaks all connections to a test's proxy, that of this request too.
export const cut = (url) => fetch(new URL("/cut", url)).catch(() => {});
