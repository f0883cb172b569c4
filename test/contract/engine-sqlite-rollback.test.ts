import { makeSqliteSubject } from '../helpers/sqlite/subject.ts';
import { engineSuite } from './engine-suite.ts';

engineSuite('sqlite, rollback journal', { inPlace: true, imports: true }, () => makeSqliteSubject({ journal: 'delete' }));
