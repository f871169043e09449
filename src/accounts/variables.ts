import { choice, integer, text, type Variables } from '../config/declare.ts';

export const variables = {
  ACCOUNTS: choice(['off', 'on', 'sign-up'], {
    doc: 'Accounts with passwords, and sessions for browsers. on: callers with the scope `accounts` create accounts. sign-up: anyone does.',
    default: 'off',
  }),
  ACCOUNT_SCOPES: text({
    doc: 'What a new account may do: scopes, separated by blanks.',
    default: 'keys tasks:read tasks:write',
    pattern: /^[\w:.-]+( [\w:.-]+)*$/,
    expects: 'words of letters, digits, and : . _ -, separated by blanks',
  }),
  SESSION_IDLE_MINUTES: integer({
    doc: 'A session without a request for this time (minutes) has ended.',
    default: 30,
    min: 2,
    max: 43_200,
  }),
  SESSION_MAX_HOURS: integer({
    doc: 'A session has ended after this time (hours), whatever it was used for.',
    default: 12,
    min: 1,
    max: 8_760,
  }),
  LOG_IN_MAX_FAILURES: integer({
    doc: 'Log-ins with a wrong password per account in 15 minutes. A browser that has logged in before has a count of its own.',
    default: 10,
    min: 1,
    max: 1_000_000,
  }),
  LOG_IN_MAX_PER_ADDRESS: integer({
    doc: 'Log-ins and new accounts per client address in 15 minutes.',
    default: 100,
    min: 1,
    max: 1_000_000,
  }),
  PASSWORD_HASH_LOG_N: integer({
    doc: 'Cost of a password hash: scrypt with N of 2 to this power, r = 8, p = 5. 14 takes 16 MB and about 0.15 s. Passwords are hashed again as they are used.',
    default: 14,
    min: 8,
    max: 20,
  }),
} satisfies Variables;
