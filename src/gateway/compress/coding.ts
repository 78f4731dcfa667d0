/** The endings of files that hold the same in a coding of RFC 9110 §8.4.1. */
export const CODINGS = { br: '.br', zstd: '.zst', gzip: '.gz' } as const;
export type Coding = keyof typeof CODINGS;
