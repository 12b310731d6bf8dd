/**
 * The API from the other side.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import { api as limits } from '../../controller/limits.ts';
import type {
  GuestObject,
  HostObject,
  MigrationObject,
  MigrationRequest,
  Problem,
  StatusObject,
} from './objects.ts';

/** The API answered with a problem (RFC 9457); the code is the problem's own. */
export class ApiProblemError extends ArcticTernError {
  readonly code: string;
  readonly status: number;
  constructor(problem: Problem) {
    super(problem.detail);
    this.code = problem.code;
    this.status = problem.status;
  }
}

export class ApiUnreachableError extends ArcticTernError {
  readonly code = 'API_UNREACHABLE';
  constructor(url: string, cause: unknown) {
    super(
      `no controller answers at ${url}: start one (\`arctictern controller\`), or say where it is with --api`,
      {
        cause,
      },
    );
  }
}

export class ApiClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string, token?: string) {
    this.#base = base.replace(/\/$/, '');
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Does the API answer? Never throws. */
  async isUp(): Promise<boolean> {
    try {
      await this.status();
      return true;
    } catch {
      return false;
    }
  }

  status = (): Promise<StatusObject> => this.get('/v1/status');
  hosts = (): Promise<HostObject[]> => this.get('/v1/hosts');
  guest = (name: string): Promise<GuestObject> => this.get(`/v1/guests/${encodeURIComponent(name)}`);
  migration = (id: string): Promise<MigrationObject> => this.get(`/v1/migrations/${encodeURIComponent(id)}`);
  migrate = (request: MigrationRequest): Promise<MigrationObject> => this.post('/v1/migrations', request);

  get<T>(path: string): Promise<T> {
    return this.#call(path, { headers: this.#headers });
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#call(path, {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async #call<T>(path: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}`, {
        ...init,
        signal: AbortSignal.timeout(limits.clientTimeout),
      });
    } catch (error) {
      throw new ApiUnreachableError(this.#base, error);
    }
    const value: unknown = await response.json();
    if (!response.ok) throw new ApiProblemError(value as Problem);
    return value as T;
  }
}
