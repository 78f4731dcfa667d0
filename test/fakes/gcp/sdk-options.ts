/** What makes a client of Google's own SDK speak to the fake. */
import { OAuth2Client } from 'google-auth-library';
import type { FakeGcp } from './fake-gcp.ts';

/** Not an interface: that has no index signature. */
export type SdkOptions = {
	fallback: boolean;
	protocol: string;
	apiEndpoint: string;
	port: number;
	authClient: never;
};

export function sdkOptionsOf(fake: FakeGcp): SdkOptions {
	const authClient = new OAuth2Client();
	authClient.setCredentials({ access_token: fake.server.token, expiry_date: Date.now() + 3_600_000 });
	const { hostname, port } = new URL(fake.server.url);
	// The types of its authentication are of another release of the same library.
	return {
		fallback: true,
		protocol: 'http',
		apiEndpoint: hostname,
		port: Number(port),
		authClient: authClient as never,
	};
}
