import type { LinkWorld } from './link.ts';

const kept = 'belay-token';

/**
 * The link of a page that `belay serve` gave to a browser. The token comes in the address's fragment, is taken out of the address at once
 * and kept for this tab: a cookie would be sent to whoever listens on another port of this machine.
 */
export function browserWorld(): LinkWorld {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(kept, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return {
    url: `ws://${location.host}/connection`,
    token: given ?? sessionStorage.getItem(kept) ?? undefined,
    version: async () => {
      const answer = (await (await fetch('/health')).json()) as { readonly version: string };
      return answer.version;
    },
  };
}
