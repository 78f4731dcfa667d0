/** Films and their reviews: what the API asks of the database. Nothing here knows which answers come from the cache. */
import type { Pool } from 'pg';
import type { AppCache } from './ballast-cache.ts';

export interface Film {
	id: number;
	title: string;
	stars: number | null;
}

/** Several instances may start at a time. */
const SCHEMA = `
	select pg_advisory_xact_lock(4711);
	create table if not exists films (id int generated always as identity primary key, title text not null);
	create table if not exists reviews (
		film int not null references films on delete cascade, stars int not null check (stars between 1 and 5));
	insert into films (title) select 'Film ' || n from generate_series(1, 100) n
		where not exists (select 1 from films);`;

const LIST = `select f.id, f.title, round(avg(r.stars), 1)::float8 as stars
	from films f left join reviews r on r.film = f.id`;

export const prepare = (pool: Pool): Promise<unknown> => pool.query(SCHEMA);

export async function listFilms(pool: Pool): Promise<Film[]> {
	return (await pool.query<Film>(`${LIST} group by f.id order by f.id limit 20`)).rows;
}

export async function getFilm(pool: Pool, id: number): Promise<Film | undefined> {
	return (await pool.query<Film>(`${LIST} where f.id = $1 group by f.id`, [id])).rows[0];
}

/** False: there is no such film. */
export async function review(pool: Pool, film: number, stars: number): Promise<boolean> {
	const client = await pool.connect();
	try {
		await client.query('begin');
		const found = await client.query('select 1 from films where id = $1 for share', [film]);
		if (found.rowCount === 1) await client.query('insert into reviews values ($1, $2)', [film, stars]);
		await client.query('commit');
		return found.rowCount === 1;
	} catch (error) {
		await client.query('rollback');
		throw error;
	} finally {
		client.release();
	}
}

/** Of another service, say: slow, and not there at times. An answer of before is better than none. */
export function quote(cache: AppCache, load: () => Promise<string>): Promise<string> {
	return cache.cached('quote', { ttl: '30s', grace: '1h', tags: ['quotes'] }, load);
}
