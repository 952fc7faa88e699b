import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * Counts Caffeine's misses on a trace of oracleGeneral records (24 bytes, little-endian: u32 time,
 * u64 key, u32 size, i64 next access): java CaffeineMisses TRACE entries|bytes CAPACITY...
 *
 * <p>After each access Caffeine does its housekeeping at once, so that no access is lost in its
 * buffers, as some are in service. Keys are numbered by first appearance: its counts depend on the
 * keys' hashes, and these are the ones that the simulator's stores see.
 */
final class CaffeineMisses {
  public static void main(String[] arguments) throws IOException {
    boolean byBytes = arguments[1].equals("bytes");
    for (int i = 2; i < arguments.length; i++) {
      long capacity = Long.parseLong(arguments[i]);
      Caffeine<Object, Object> settings = Caffeine.newBuilder().executor(Runnable::run);
      Cache<Long, Integer> cache =
          byBytes
              ? settings
                  .maximumWeight(capacity)
                  .weigher((Object key, Object size) -> (Integer) size)
                  .build()
              : settings.maximumSize(capacity).build();
      long[] counts = replay(arguments[0], cache);
      System.out.printf("%d requests, capacity %d, %d misses%n", counts[0], capacity, counts[1]);
    }
  }

  private static long[] replay(String trace, Cache<Long, Integer> cache) throws IOException {
    long requests = 0;
    long misses = 0;
    Map<Long, Long> numbers = new HashMap<>();
    byte[] bytes = new byte[24];
    ByteBuffer entry = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    try (var file = new BufferedInputStream(new FileInputStream(trace), 1 << 20)) {
      while (file.readNBytes(bytes, 0, bytes.length) == bytes.length) {
        long next = numbers.size();
        Long key = numbers.computeIfAbsent(entry.getLong(4), unknown -> next);
        requests++;
        if (cache.getIfPresent(key) == null) {
          misses++;
          cache.put(key, entry.getInt(12));
        }
        cache.cleanUp();
      }
    }
    return new long[] {requests, misses};
  }
}
