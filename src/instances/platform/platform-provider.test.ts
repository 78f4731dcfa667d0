import { MemoryPlatform } from './testing-memory-platform.ts';
import { platformSuite } from './testing-platform-suite.ts';

platformSuite('a group in memory', () => Promise.resolve(new MemoryPlatform()));
