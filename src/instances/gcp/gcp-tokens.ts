/** Tokens of Google Cloud: Application Default Credentials (file, metadata server, workload identity). */
import { importPeer } from '../platform/optional-peer.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { type TokenSource, wordsOf } from '../platform/rest-client.ts';

interface Auth {
	getAccessToken(): Promise<string | null | undefined>;
}

interface AuthLibrary {
	GoogleAuth: new (options: { scopes: string[] }) => Auth;
}

/** What instances' own service accounts are given; the role says what may be done. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

export class GcpTokens implements TokenSource {
	#auth: Auth | null = null;

	async token(fresh: boolean): Promise<string> {
		if (this.#auth === null || fresh) {
			const library = await importPeer<AuthLibrary>('google-auth-library', 'getting tokens of Google Cloud');
			// It keeps its token until shortly before the end: one that is refused goes only with it.
			this.#auth = new library.GoogleAuth({ scopes: [SCOPE] });
		}
		const found = await this.#auth.getAccessToken().catch((cause: unknown) => {
			throw new PlatformError('credentials', `no token of Google Cloud: ${wordsOf((cause as Error).message)}`);
		});
		if (typeof found !== 'string' || found === '')
			throw new PlatformError('credentials', 'no credentials of Google Cloud are there');
		return found;
	}
}
