import { useEffect, useEffectEvent } from 'react';
import { useLocation } from 'wouter';
import type { ShellOrder } from '../../electron/contract/shell.ts';
import { onShellOrder } from '../api/shell.ts';
import { useActs } from '../features/shared/acts.ts';
import { chooseTheme } from '../features/shared/theme.ts';

/** Does what was chosen in the menu, the tray or by a link, where the page is inside the desktop application. */
export function ShellOrders() {
  const acts = useActs();
  const [, go] = useLocation();
  const take = useEffectEvent((order: ShellOrder) => {
    switch (order.act) {
      case 'go':
        go(order.to);
        break;
      case 'find':
        acts.find();
        break;
      case 'snapshot':
        acts.snapWith();
        break;
      case 'theme':
        chooseTheme(order.choice);
        break;
    }
  });
  useEffect(() => onShellOrder((order) => take(order)), []);
  return null;
}
