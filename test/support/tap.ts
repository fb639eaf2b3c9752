/** The test runner, in one place, so that a test file has one import of it. */
export { type Test, t } from 'tap';
