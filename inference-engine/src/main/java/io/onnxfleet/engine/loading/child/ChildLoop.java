package io.onnxfleet.engine.loading.child;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/**
 * The child's side: one line in, one line out, until there are no more. What else the program
 * prints goes to the error stream, so that it is taken for no answer.
 */
public final class ChildLoop {
  /** What answers begin with: native code and the JVM may print as well. */
  static final String ANSWER = "answer: ";

  private final PrintStream answers;
  private final BufferedReader questions;

  /** Takes this process's standard streams over; to be made before anything is printed. */
  public ChildLoop() {
    answers = System.out;
    System.setOut(System.err);
    questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  }

  /**
   * Answers each line until the parent goes away.
   *
   * @param answer one line to one line
   */
  public void run(UnaryOperator<String> answer) throws IOException {
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      answers.write((ANSWER + answer.apply(line) + "\n").getBytes(StandardCharsets.UTF_8));
      answers.flush();
    }
  }
}
