package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** An item that remembers how it failed. */
final class TestItem implements BatchItem {
  private final String name;
  private int rows = 1;
  private Object shapeKey = "A";
  private long length;
  private String caller = "";
  private int priority;
  private Deadline deadline = Deadline.NONE;
  private volatile boolean cancelled;
  private Consumer<InferenceException> onFail = _ -> {};
  private final List<InferenceException> failures = new CopyOnWriteArrayList<>();

  TestItem(String name) {
    this.name = name;
  }

  static TestItem item(String name) {
    return new TestItem(name);
  }

  TestItem rows(int rows) {
    this.rows = rows;
    return this;
  }

  TestItem key(Object shapeKey) {
    this.shapeKey = shapeKey;
    return this;
  }

  TestItem length(long length) {
    this.length = length;
    return this;
  }

  TestItem caller(String caller) {
    this.caller = caller;
    return this;
  }

  TestItem priority(int priority) {
    this.priority = priority;
    return this;
  }

  TestItem deadline(Deadline deadline) {
    this.deadline = deadline;
    return this;
  }

  TestItem cancel() {
    cancelled = true;
    return this;
  }

  /** What the item does before it remembers that it failed. */
  TestItem onFail(Consumer<InferenceException> action) {
    onFail = action;
    return this;
  }

  /** Every reason that it was failed with. */
  List<InferenceException> failures() {
    return failures;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public Object shapeKey() {
    return shapeKey;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public String caller() {
    return caller;
  }

  @Override
  public int priority() {
    return priority;
  }

  @Override
  public Deadline deadline() {
    return deadline;
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void fail(InferenceException reason) {
    onFail.accept(reason);
    failures.add(reason);
  }

  @Override
  public String toString() {
    return name;
  }
}
