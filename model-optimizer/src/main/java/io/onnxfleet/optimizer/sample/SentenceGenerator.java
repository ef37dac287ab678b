package io.onnxfleet.optimizer.sample;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Makes English sentences of many subjects and lengths out of the phrases that come with the
 * module: the same ones for the same seed. Not thread-safe.
 */
public final class SentenceGenerator {
  private static final String PHRASES = "phrases.txt";

  private final Random random;
  private final Map<String, List<String>> phrases;

  public SentenceGenerator(Random random) {
    this.random = random;
    phrases = read();
  }

  /** Sections of a line each: {@code [name]} begins one. */
  private static Map<String, List<String>> read() {
    Map<String, List<String>> sections = new LinkedHashMap<>();
    try (InputStream stream = SentenceGenerator.class.getResourceAsStream(PHRASES)) {
      if (stream == null) {
        throw new IllegalStateException(PHRASES + " is missing from the class path");
      }
      List<String> section = new ArrayList<>();
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.startsWith("[")) {
          section = new ArrayList<>();
          sections.put(line.substring(1, line.length() - 1), section);
        } else if (!line.isBlank()) {
          section.add(line);
        }
      }
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    return sections;
  }

  /** Sentences that all differ. */
  public List<String> sentences(int count) {
    Set<String> sentences = new LinkedHashSet<>();
    while (sentences.size() < count) {
      sentences.add(sentence());
    }
    return List.copyOf(sentences);
  }

  private String sentence() {
    String sentence = expand(one("sentence"));
    return Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1);
  }

  /** Puts a phrase of the section in place of every {@code <section>}. */
  private String expand(String pattern) {
    StringBuilder text = new StringBuilder();
    int from = 0;
    while (true) {
      int start = pattern.indexOf('<', from);
      if (start < 0) {
        return text.append(pattern, from, pattern.length()).toString();
      }
      int end = pattern.indexOf('>', start);
      text.append(pattern, from, start).append(expand(one(pattern.substring(start + 1, end))));
      from = end + 1;
    }
  }

  private String one(String section) {
    List<String> choices = phrases.getOrDefault(section, List.of());
    if (choices.isEmpty()) {
      throw new IllegalStateException(PHRASES + " has no section '" + section + "'");
    }
    return choices.get(random.nextInt(choices.size()));
  }
}
