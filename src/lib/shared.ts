/**
 * A question whose answer is costly and goes for everybody: whoever asks while it is being answered
 * gets that answer, so that any number of callers costs one.
 */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}
