/** How often a firing alert is told again, ms. */
export const DEFAULT_REPEAT_MS = 14_400_000;
