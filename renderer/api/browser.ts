import type { LinkWorld } from './channel.ts';
import { HostError } from './errors.ts';

const kept = 'belay-token';

/**
 * The world of a page that `belay serve` gave to a browser. The token comes in the address's fragment, is taken out of the address at once
 * and kept for this tab: a cookie would be sent to whoever listens on another port of this machine.
 */
export function browserWorld(): LinkWorld {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(kept, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  const token = given ?? sessionStorage.getItem(kept) ?? undefined;
  return {
    open: async ({ message, closed }) => {
      if (token === undefined) throw new HostError({ code: 'transport.denied', message: 'This address brings no token.' });
      const socket = new WebSocket(`ws://${location.host}/connection`);
      const [version] = await Promise.all([hostVersion(), opened(socket)]).catch((error: unknown) => {
        socket.close();
        throw error;
      });
      socket.addEventListener('message', (event) => message(String(event.data)));
      socket.addEventListener('close', () => closed(undefined));
      return {
        version,
        token,
        send: (text) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(text);
        },
        close: () => socket.close(),
      };
    },
  };
}

/** Of the host that served the page. */
async function hostVersion(): Promise<string> {
  try {
    const answer = (await (await fetch('/health')).json()) as { readonly version: string };
    return answer.version;
  } catch {
    throw unreachable();
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('close', () => reject(unreachable()), { once: true });
  });
}

function unreachable(): HostError {
  return new HostError({ code: 'transport.closed', message: 'The host does not answer.', retryable: true });
}
