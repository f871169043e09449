import type { Tick } from './driver/load-spec.ts';
import { formatMs } from './report/units.ts';

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows the progress of a run: one line that is updated on a terminal, otherwise a line per phase. */
export class Progress {
  readonly #out: Screen;
  readonly #startedAt = performance.now();
  /** Seconds of all phases that have not begun. */
  #remainingS: number;
  #scenario = '';
  #phase = '';
  #phaseEndsAt = 0;

  /** @param seconds the length of all phases of the chosen scenarios */
  constructor(out: Screen, seconds: number) {
    this.#out = out;
    this.#remainingS = seconds;
  }

  beginScenario(name: string): void {
    this.#scenario = name;
  }

  beginPhase(variant: string, phase: string, seconds: number): void {
    this.#remainingS -= seconds;
    this.#phaseEndsAt = performance.now() + seconds * 1000;
    this.#phase = `${this.#scenario} · ${variant} · ${phase}`;
    if (this.#out.isTTY === true) this.#show('');
    else if (seconds > 0) this.#out.write(`load: ${this.#phase} (${this.#times()})\n`);
  }

  readonly onTick = ({ perSecond, p99 }: Tick) => {
    if (this.#out.isTTY === true) this.#show(` · ${Math.round(perSecond)}/s · p99 ${formatMs(p99)}`);
  };

  log(text: string): void {
    this.clear();
    this.#out.write(`load: ${text}\n`);
  }

  clear(): void {
    if (this.#out.isTTY === true) this.#out.write('\r\u001b[K');
  }

  #show(figures: string): void {
    const text = `${this.#phase} · ${this.#times()}${figures}`;
    this.#out.write(`\r\u001b[K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
  }

  #times(): string {
    const elapsedS = (performance.now() - this.#startedAt) / 1000;
    const ofPhaseS = Math.max(0, this.#phaseEndsAt - performance.now()) / 1000;
    return `${clock(elapsedS)} elapsed, ${clock(this.#remainingS + ofPhaseS)} left`;
  }
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
