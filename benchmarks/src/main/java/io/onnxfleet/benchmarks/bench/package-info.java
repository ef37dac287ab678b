/**
 * A server under load: {@link BenchCommand} measures it at several points ({@link Bench}) and
 * reports them ({@link Report}, {@link ResultTable}), {@link ServerScenarioCommand} looks for the
 * highest rate that keeps a bound. {@link RequestMaker} makes the requests.
 */
@NullMarked
package io.onnxfleet.benchmarks.bench;

import org.jspecify.annotations.NullMarked;
