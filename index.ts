/** The public entry `ballast`: what a configuration written in TypeScript or JavaScript imports. */
import type { UserConfig, UserDefaults, UserRoute, UserService } from './src/config/schema.ts';

export type { UserConfig, UserDefaults, UserRoute, UserService };

/**
 * Gives a configuration its types: `export default defineConfig({ … })` in `ballast.config.ts`. It
 * changes nothing and checks nothing; that happens when the configuration is loaded.
 */
export function defineConfig(config: UserConfig): UserConfig {
	return config;
}
