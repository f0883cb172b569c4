import { makeSqliteSubject } from '../helpers/sqlite/subject.ts';
import { engineSuite } from './engine-suite.ts';

engineSuite('sqlite, write-ahead log', { inPlace: true, imports: true }, () => makeSqliteSubject({ journal: 'wal' }));
engineSuite('sqlite, rollback journal', { inPlace: true, imports: true }, () => makeSqliteSubject({ journal: 'delete' }));
engineSuite('sqlite, a set of files', { inPlace: true, imports: true }, () => makeSqliteSubject({ journal: 'wal', attached: true }));
