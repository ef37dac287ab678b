package io.onnxfleet.benchmarks.bench;

import io.onnxfleet.benchmarks.client.InferenceStatistics;
import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.LoadGenerator;
import io.onnxfleet.benchmarks.load.Measurement;
import org.jspecify.annotations.Nullable;

/**
 * One point of load, and what came of it.
 *
 * @param server what the server says of the same span; null if it says nothing
 * @param served how many requests each connection bore to their ends, in the same span
 * @param rest what was left at the end
 * @param clientCpus how many CPUs this process used
 * @param firstFailure null if no request failed
 */
record Point(
    Load load,
    Measurement measurement,
    @Nullable InferenceStatistics server,
    Served served,
    LoadGenerator.Rest rest,
    double clientCpus,
    @Nullable String firstFailure) {
  /** The connection served least, the mean, and the one served most. */
  record Served(long least, double mean, long most) {
    static Served between(long[] before, long[] after) {
      long least = Long.MAX_VALUE;
      long most = 0;
      long sum = 0;
      for (int i = 0; i < after.length; i++) {
        long count = after[i] - before[i];
        least = Math.min(least, count);
        most = Math.max(most, count);
        sum += count;
      }
      return new Served(least, (double) sum / after.length, most);
    }
  }
}
