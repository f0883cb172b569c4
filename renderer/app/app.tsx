import { Route, Switch } from 'wouter';
import { HostProvider, useLinkState } from '../api/host.tsx';
import type { Host } from '../api/host.tsx';
import { DrillsPage } from '../features/drills/drills-page.tsx';
import { HomePage } from '../features/home/home-page.tsx';
import { JournalPage } from '../features/journal/journal-page.tsx';
import { ShelfPage } from '../features/shelf/shelf-page.tsx';
import { SnapshotPage } from '../features/snapshot/snapshot-page.tsx';
import { SettingsPage } from '../features/settings/settings-page.tsx';
import { Sources } from '../features/sources/sources.tsx';
import { StoragePage } from '../features/storage/storage-page.tsx';
import { Empty } from '../ui/states.tsx';
import { ToastArea } from '../ui/toast.tsx';
import { ActsProvider } from './acts-provider.tsx';
import { JobsBar } from './jobs-bar.tsx';
import { LinkNotice, LinkRefused } from './link-notice.tsx';
import { ShellOrders } from './shell-orders.tsx';
import { SideBar } from './side-bar.tsx';
import { TopBar } from './top-bar.tsx';

/** The window. */
export function App({ host }: { readonly host: Host }) {
  return (
    <HostProvider host={host}>
      <ActsProvider>
        <ShellOrders />
        <Frame />
      </ActsProvider>
      <ToastArea />
    </HostProvider>
  );
}

function Frame() {
  const link = useLinkState();
  if (link.kind === 'refused') return <LinkRefused error={link.error} />;
  return (
    <div className="grid h-full grid-cols-[208px_1fr] grid-rows-[44px_1fr_34px]">
      <TopBar />
      <SideBar />
      <main className="flex min-h-0 min-w-0 flex-col overflow-hidden bg-surface" aria-label="Page">
        <LinkNotice />
        <Switch>
          <Route path="/">
            <HomePage />
          </Route>
          <Route path="/shelf">
            <ShelfPage />
          </Route>
          <Route path="/snapshot/:id">{({ id }) => <SnapshotPage key={id} id={id} />}</Route>
          <Route path="/drills/:id?">{({ id }) => <DrillsPage id={id} />}</Route>
          <Route path="/storage">
            <StoragePage />
          </Route>
          <Route path="/sources">
            <Sources />
          </Route>
          <Route path="/settings">
            <SettingsPage />
          </Route>
          <Route path="/journal">
            <JournalPage />
          </Route>
          <Route>
            <Empty icon="find" title="There is no such page">
              The address names nothing that is here.
            </Empty>
          </Route>
        </Switch>
      </main>
      <JobsBar />
    </div>
  );
}
