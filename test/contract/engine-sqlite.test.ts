import { makeSqliteSubject } from '../helpers/sqlite/subject.ts';
import { engineSuite } from './engine-suite.ts';

engineSuite('sqlite, write-ahead log', () => makeSqliteSubject({ journal: 'wal' }));
engineSuite('sqlite, rollback journal', () => makeSqliteSubject({ journal: 'delete' }));
engineSuite('sqlite, a set of files', () => makeSqliteSubject({ journal: 'wal', attached: true }));
