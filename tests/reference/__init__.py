"""One account solved by other means: quadratic and cone programs, enumeration, a bound from raw lots."""
