/** How a cluster is reached: its address, whom to trust, who we are. */

/** What a request shows of us. */
export interface Identity {
	/** Bearer token; null: none. */
	readonly token: string | null;
	/** Client certificate and its key, PEM. */
	readonly cert: string | null;
	readonly key: string | null;
}

export interface Access {
	/** Without a slash at its end: `https://10.0.0.1:6443`, `https://host/k8s/clusters/c-1`. */
	readonly server: string;
	/** PEM; null: the system's authorities. */
	readonly ca: string | null;
	/** Name that the certificate is for; null: that of the address. */
	readonly serverName: string | null;
	readonly verify: boolean;
	readonly namespace: string;
	/**
	 * Asked before each request; cheap while nothing changed.
	 * @param fresh the last one was refused: make another
	 * @throws PlatformError
	 */
	identity(fresh: boolean, signal: AbortSignal): Promise<Identity>;
}

export interface AccessPlace {
	readonly env: NodeJS.ProcessEnv;
	/** Folder of the account of the pod. */
	readonly account: string;
}
