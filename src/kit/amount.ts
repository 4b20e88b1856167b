const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes as people read them, in steps of 1000, as disks are sold and `df -H` says: `5.1 GB`. */
export function bytesText(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${amount < 10 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[unit]}`;
}
