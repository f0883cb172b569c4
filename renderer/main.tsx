import '@fontsource-variable/inter/wght.css';
import './styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { browserWorld } from './api/browser.ts';
import { createHost } from './api/host.tsx';
import { Link } from './api/link.ts';
import { shellWorld } from './api/shell.ts';
import { App } from './app/app.tsx';
import { startTheme } from './features/shared/theme.ts';
import { fillIn } from './oldest.ts';

fillIn();
startTheme();
const root = document.getElementById('root');
if (root === null) throw new Error('The page has no place for the window.');
const link = new Link(shellWorld() ?? browserWorld());
// It connects while the page is made.
link.start();
createRoot(root).render(
  <StrictMode>
    <App host={createHost(link)} />
  </StrictMode>,
);
